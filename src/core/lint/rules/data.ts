/** Images and labels that are not what the file expects. */
import { knownClasses } from "../../classes/knownClasses.ts";
import { placeNoun } from "../../images/archiveNames.ts";
import { leftOutText, SUPPORTED_FORMATS } from "../../images/fileKinds.ts";
import { shellNotation } from "../../images/shellNotation.ts";
import { count, plural } from "../../numbers.ts";
import { shownText } from "../../shownText.ts";
import type { LintContext, Rule } from "../rule.ts";

const dataMissing: Rule = {
  code: "MDM101",
  name: "data-missing",
  severity: "error",
  explanation:
    "There is no folder or archive that `data.path` names. A relative path starts at the experiment file's folder.",
  fix: null,
  *check({ experiment: { data }, facts }) {
    if (facts.dataset?.exists !== false) return;
    yield {
      at: ["data.path"],
      message: `data.path: there is no ${placeNoun(data.path)} "${shownText(data.path)}". ${shellNotation(data.path) ?? "A relative path starts at the experiment file's folder."}`,
    };
  },
};

const dataEmpty: Rule = {
  code: "MDM102",
  name: "data-empty",
  severity: "error",
  explanation: "The folder or archive that `data.path` names holds no images, neither itself nor in sub-folders.",
  fix: null,
  *check({ experiment: { data }, facts }) {
    if (facts.dataset?.exists !== true || facts.dataset.images !== 0) return;
    const leftOut = leftOutText(facts.dataset.leftOut ?? {});
    yield {
      at: ["data.path"],
      message: `data.path: the ${facts.dataset.noun ?? "folder"} "${shownText(data.path)}" holds no images (${SUPPORTED_FORMATS}), neither itself nor in sub-folders.${leftOut === null ? "" : ` ${leftOut}.`}`,
    };
  },
};

const batchAboveDataset: Rule = {
  code: "MDM103",
  name: "batch-above-dataset",
  severity: "warning",
  explanation: "A batch holds more images than the data set: every step sees some image several times.",
  fix: "Writes the largest power of two that the data set holds.",
  *check(context) {
    const images = trainingImages(context);
    if (images === undefined || images < 1) return;
    const of = context.experiment.data.holdout > 0 ? "that data.holdout leaves" : "of the data set";
    for (const { stage, config } of context.stages()) {
      if (config.batch_size <= images) continue;
      const size = 2 ** Math.floor(Math.log2(images));
      const micro = config.micro_batch_size;
      const [least, most] = [Math.floor(config.batch_size / images), Math.ceil(config.batch_size / images)];
      const times = least === most ? `${most} times` : `${least} to ${most} times`;
      const isDividedStill = micro === "auto" || size % micro === 0;
      yield {
        at: [`${stage}.batch_size`, "data.path"],
        message: `${stage}.batch_size ${config.batch_size} is more than the ${plural(images, "image")} ${of}: each image comes up ${times} in every step. Use at most ${images}.`,
        ...(isDividedStill
          ? { fix: { title: `Use batch_size ${size}`, set: { [`${stage}.batch_size`]: String(size) } } }
          : {}),
      };
    }
  },
};

const classesWithoutLabels: Rule = {
  code: "MDM104",
  name: "classes-without-labels",
  severity: "error",
  explanation:
    "`model.num_classes` asks for a class-conditional model, but `data.labels` is none, so no image has a class.",
  fix: "Writes `labels: folders`.",
  *check({ experiment: { data, model } }) {
    if (model.num_classes === 0 || data.labels !== "none") return;
    yield {
      at: ["model.num_classes", "data.labels"],
      message: `model.num_classes ${model.num_classes} needs labels, but data.labels is none. Use labels: folders (each sub-folder of data.path is a class), or num_classes 0 for an unconditional model.`,
      fix: { title: "Use labels: folders", set: { "data.labels": "folders" } },
    };
  },
};

const labelsUnused: Rule = {
  code: "MDM105",
  name: "labels-unused",
  severity: "warning",
  explanation:
    "`data.labels: folders` reads labels, but `model.num_classes` is 0, so the model is unconditional and ignores them.",
  fix: "Writes the number of classes where it is known, else removes `labels`.",
  *check({ experiment: { data, model }, facts }) {
    if (data.labels !== "folders" || model.num_classes !== 0) return;
    const classes = facts.dataset?.classes;
    const known = classes !== undefined && classes > 0;
    yield {
      at: ["data.labels"],
      message: `data.labels: folders reads labels that nothing uses: model.num_classes is 0, an unconditional model.${known ? ` The folders make ${plural(classes, "class").replace("classs", "classes")}.` : ""} Set num_classes, or remove labels.`,
      fix: known
        ? { title: `Use num_classes ${classes}`, set: { "model.num_classes": String(classes) } }
        : { title: "Remove labels", remove: ["data.labels"] },
    };
  },
};

const classCount: Rule = {
  code: "MDM106",
  name: "class-count",
  severity: "error",
  explanation:
    "The folders make another number of classes than `model.num_classes`. Too few classes in the model is an error; too many leaves some untrained (a warning).",
  fix: "Writes the number of folders.",
  *check({ experiment, facts }) {
    const { data, model } = experiment;
    const classes = facts.dataset?.classes;
    if (data.labels !== "folders" || model.num_classes === 0 || classes === undefined || classes === 0) return;
    if (classes === model.num_classes) return;
    const tooFew = classes > model.num_classes;
    // Weights to start from have as many classes as they have, here or not; whether the folders are among them is MDM118's.
    const isKept = facts.stage !== "pretrain" && knownClasses(experiment, facts.checkpoint)?.names != null;
    if (isKept && (facts.stage === "finetune" || !tooFew)) return;
    const extra = classes - model.num_classes;
    const spare = model.num_classes - classes;
    const effect = tooFew
      ? `the last ${extra === 1 ? "one has" : `${extra} have`} no place in the model`
      : `${spare} of the model's classes ${spare === 1 ? "is" : "are"} never trained`;
    const at = ["model.num_classes", "data.labels"];
    const isFolder = (facts.dataset?.noun ?? "folder") === "folder";
    const spread = isFolder
      ? `lie in ${count(classes)} ${classes === 1 ? "folder" : "folders"}`
      : `are of ${count(classes)} ${classes === 1 ? "class" : "classes"}`;
    const told = `model.num_classes is ${model.num_classes}, but the images ${spread}: ${effect}.`;
    // The classes of weights that are there already are as many as they are.
    const given = facts.stage === "finetune" ? facts.checkpoint?.model?.num_classes : undefined;
    if (given === model.num_classes) {
      if (!tooFew) return;
      const { name = "the checkpoint" } = facts.checkpoint ?? {};
      yield {
        at,
        message: `${told} ${name} was trained with ${given}: leave folders out with data.ignore, or finetune what was pretrained with num_classes ${classes}.`,
      };
      return;
    }
    yield {
      at,
      severity: tooFew ? "error" : "warning",
      message: `${told} Use num_classes ${classes}.`,
      fix: { title: `Use num_classes ${classes}`, set: { "model.num_classes": String(classes) } },
    };
  },
};

const classDropout: Rule = {
  code: "MDM107",
  name: "class-dropout",
  severity: "warning",
  explanation:
    "`model.class_dropout` is given for an unconditional model, which has no labels to drop; or it is 1, so that no label is ever seen.",
  fix: "Removes the key, so that its default 0.1 is used.",
  *check(context) {
    const { model } = context.experiment;
    if (!context.isSet("model.class_dropout")) return;
    const unused = model.num_classes === 0 && model.class_dropout > 0;
    const all = model.num_classes > 0 && model.class_dropout === 1;
    if (!unused && !all) return;
    yield {
      at: ["model.class_dropout"],
      severity: unused ? "info" : "warning",
      message: unused
        ? `model.class_dropout ${model.class_dropout} has no effect: num_classes is 0, so there are no labels to drop.`
        : "model.class_dropout 1 drops every label: the model is trained unconditionally and its class embeddings stay as they began.",
      fix: { title: "Remove class_dropout", remove: ["model.class_dropout"] },
    };
  },
};

const mostlyFlipped: Rule = {
  code: "MDM108",
  name: "mostly-flipped",
  severity: "warning",
  explanation: "`data.hflip` above 0.5 shows images mirrored more often than as they are; 1 only mirrors them.",
  fix: "Writes `hflip: 0.5`.",
  *check({ experiment: { data } }) {
    if (data.hflip <= 0.5) return;
    const what =
      data.hflip === 1
        ? "mirrors every image: the model learns a mirrored data set"
        : `mirrors ${data.hflip} of the images, more than are left as they are`;
    yield {
      at: ["data.hflip"],
      message: `data.hflip ${data.hflip} ${what}. 0.5 shows both sides equally often.`,
      fix: { title: "Use hflip 0.5", set: { "data.hflip": "0.5" } },
    };
  },
};

const shortOfAnEpoch: Rule = {
  code: "MDM109",
  name: "short-of-an-epoch",
  severity: "info",
  explanation: "The run ends before every image has been seen once.",
  fix: null,
  *check(context) {
    const images = trainingImages(context);
    if (images === undefined || images < 1) return;
    for (const { stage, config } of context.stages()) {
      const seen = config.steps * config.batch_size;
      if (seen >= images) continue;
      yield {
        at: [`${stage}.steps`, `${stage}.batch_size`],
        message: `${stage} sees ${config.steps} x ${config.batch_size} = ${count(seen)} of ${count(images)} images: the rest never. Once through all takes ${count(Math.ceil(images / config.batch_size))} steps.`,
      };
    }
  },
};

const brokenTolerated: Rule = {
  code: "MDM110",
  name: "broken-tolerated",
  severity: "info",
  explanation: "`data.max_broken` of 0.5 or more lets a run start although most of the images cannot be read.",
  fix: "Removes the key, so that its default 0.05 is used.",
  *check({ experiment: { data } }) {
    if (data.max_broken < 0.5) return;
    yield {
      at: ["data.max_broken"],
      message: `data.max_broken ${data.max_broken} starts a run even when ${data.max_broken === 1 ? "no image" : `only ${Number((1 - data.max_broken).toFixed(4))} of the images`} can be read. The default is 0.05.`,
      fix: { title: "Remove max_broken", remove: ["data.max_broken"] },
    };
  },
};

/** Below, the error of every measure on them is as large as what it measures. */
const ENOUGH_HELD_OUT = 100;

const fewHeldOut: Rule = {
  code: "MDM119",
  name: "few-held-out",
  severity: "info",
  explanation: `\`data.holdout\` keeps fewer than ${ENOUGH_HELD_OUT} images out of training: too few to say much by, and lost to training all the same.`,
  fix: "Writes the share that comes to as many, where half of the images do.",
  *check({ experiment: { data }, facts }) {
    const images = facts.dataset?.images;
    if (data.holdout === 0 || images === undefined || images < 1) return;
    const kept = Math.round(data.holdout * images);
    if (kept >= ENOUGH_HELD_OUT) return;
    const share = Math.ceil((100 * ENOUGH_HELD_OUT) / images) / 100;
    const fix = share <= 0.5 ? { title: `Use holdout ${share}`, set: { "data.holdout": String(share) } } : null;
    yield {
      at: ["data.holdout"],
      message: `data.holdout ${data.holdout} keeps about ${kept} of ${plural(images, "image")} out of training: too few to measure samples by, which takes ${ENOUGH_HELD_OUT}. ${fix === null ? "Add images, or train on all of them." : `Use ${share}, or train on all of them.`}`,
      ...(fix === null ? {} : { fix }),
    };
  },
};

/** Images that are trained on, as far as their number tells: which ones are held out only their pixels do. */
export function trainingImages({ experiment, facts }: LintContext): number | undefined {
  const images = facts.dataset?.images;
  return images === undefined ? undefined : Math.round(images * (1 - experiment.data.holdout));
}

export const DATA_RULES: readonly Rule[] = [
  dataMissing,
  dataEmpty,
  batchAboveDataset,
  classesWithoutLabels,
  labelsUnused,
  classCount,
  classDropout,
  mostlyFlipped,
  shortOfAnEpoch,
  brokenTolerated,
  fewHeldOut,
];
