/** What this program itself found wrong with an image; the message is a short reason. Errors of the image library are of other kinds. */
export class ImageContentError extends Error {
  override readonly name = "ImageContentError";
}
