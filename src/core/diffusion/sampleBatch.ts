/** Images per call of the network when samples are drawn; more gain little and take memory. */
const SAMPLE_BATCH = 16;
/** Values of the images of a batch, of which a sampler holds several sets: 32 MiB each. */
const SAMPLE_BATCH_VALUES = 2 ** 23;

/** How many of the images that are to be drawn go through the network at once. */
export function sampleBatch(
  { image_size, channels }: { readonly image_size: number; readonly channels: number },
  count: number,
): number {
  const most = Math.floor(SAMPLE_BATCH_VALUES / (image_size ** 2 * channels));
  return Math.max(1, Math.min(SAMPLE_BATCH, most, count));
}
