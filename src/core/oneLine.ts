/** Control characters, ends of lines, and marks that turn the direction of a text; halves of characters, too. */
const UNSHOWABLE =
  /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

/** A text from outside as one line that a list or a terminal can show: what would act on them is shown as "�". */
export const oneLine = (text: string): string => text.replace(UNSHOWABLE, "\ufffd");
