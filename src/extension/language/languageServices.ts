/** What the language features take from the services. */
import type { DocumentLanguage } from "../documents/documentLanguages.ts";
import type { Calibration, LintedDocument, OpenDocuments, RunService, Services } from "../services.ts";

/** What features take that are the same for documents of all languages. */
export interface DocumentServices<D extends LintedDocument = LintedDocument> extends Pick<Services, "log"> {
  readonly language: DocumentLanguage;
  readonly documents: OpenDocuments<D>;
}

export interface LanguageServices extends Pick<Services, "log" | "documents" | "studies"> {
  readonly runs?: RunService;
  readonly calibration?: Calibration;
}
