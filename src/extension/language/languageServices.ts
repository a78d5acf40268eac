/** What the language features take from the services. */
import type { Calibration, RunService, Services } from "../services.ts";

export interface LanguageServices extends Pick<Services, "log" | "documents"> {
  readonly runs?: RunService;
  readonly calibration?: Calibration;
}
