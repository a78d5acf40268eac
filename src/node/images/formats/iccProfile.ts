/** Whether a colour profile can be used: what the colour engine would fall back to silently must be known beforehand. */

const HEADER_BYTES = 128;
const TAG_BYTES = 12;
const MAX_TAGS = 1024;

/** Signatures of colour spaces by the image library's names of what the pixels are. */
const SIGNATURES: Readonly<Record<string, string>> = {
  "b-w": "GRAY",
  grey16: "GRAY",
  srgb: "RGB ",
  rgb16: "RGB ",
  cmyk: "CMYK",
};
/** Classes of profiles that describe a device or a colour space: scanner, monitor, printer, space. */
const CLASSES = new Set(["scnr", "mntr", "prtr", "spac"]);

/**
 * @param profile the embedded profile, as it is in the file
 * @param space what the pixels are, in libvips' words
 * @returns whether it is whole, a profile of a device, and made for such pixels
 */
export function isUsableProfile(profile: Buffer, space: string): boolean {
  if (profile.length < HEADER_BYTES + 4) return false;
  const text = (from: number): string => profile.toString("latin1", from, from + 4);
  const size = profile.readUInt32BE(0);
  if (size > profile.length || text(36) !== "acsp") return false;
  if (!CLASSES.has(text(12)) || text(16) !== SIGNATURES[space]) return false;
  const tags = profile.readUInt32BE(HEADER_BYTES);
  const end = HEADER_BYTES + 4 + tags * TAG_BYTES;
  if (tags < 1 || tags > MAX_TAGS || end > size) return false;
  for (let at = HEADER_BYTES + 4; at < end; at += TAG_BYTES) {
    if (profile.readUInt32BE(at + 4) + profile.readUInt32BE(at + 8) > size) return false;
  }
  return true;
}
