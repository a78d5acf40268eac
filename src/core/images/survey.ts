/** What a quick look at a folder of images tells: how many, how large, grey or coloured. */
export interface ImageSurvey {
  /** files that look like images */
  readonly count: number;
  /** files whose header was read */
  readonly sampled: number;
  /** of the sampled images, in pixels */
  readonly medianShortSide: number;
  /** whether no sampled image has colour */
  readonly grey: boolean;
  /** whether some sampled image is transparent */
  readonly transparent: boolean;
  /** first-level sub-folders that hold images, in byte order */
  readonly folders: readonly string[];
}
