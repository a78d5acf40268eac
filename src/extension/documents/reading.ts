/** What reading a document takes from core and node. Loaded with the first document, not on activation. */

export { readExperiment } from "../../core/experiment/read.ts";
export { lintExperiment, lintReading } from "../../core/lint/lint.ts";
export { lintStudyReading } from "../../core/study/lint.ts";
export { readStudy } from "../../core/study/read.ts";
export { checkpointFacts } from "../../node/facts/checkpointFacts.ts";
export { datasetFacts } from "../../node/facts/datasetFacts.ts";
export { machineFacts } from "../../node/facts/experimentFacts.ts";
export { factSources } from "../../node/facts/factSources.ts";
export { studyFacts, studySources } from "../../node/facts/studyFacts.ts";
export { experimentBehind } from "../../node/run/experimentOfRun.ts";
