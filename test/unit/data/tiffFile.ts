/** Uncompressed TIFFs of any bands, which no library at hand writes. */

export interface TiffFile {
  /** one value a band: the image is of one colour */
  readonly samples: readonly number[];
  readonly photometric: number;
  readonly bits?: 8 | 16;
  readonly size?: number;
  /** further tags, all of type SHORT */
  readonly tags?: Readonly<Record<number, readonly number[]>>;
}

/** A little-endian TIFF of one strip. */
export function tiffFile({ samples, photometric, bits = 8, size = 8, tags = {} }: TiffFile): Buffer {
  const pixels = Buffer.concat(
    Array.from({ length: size * size }, () =>
      Buffer.from((bits === 16 ? Uint16Array : Uint8Array).from(samples).buffer),
    ),
  );
  const start = 8 + pixels.length;
  const values: Record<number, readonly number[]> = {
    256: [size],
    257: [size],
    258: samples.map(() => bits),
    259: [1],
    262: [photometric],
    273: [8],
    277: [samples.length],
    278: [size],
    279: [pixels.length],
    ...tags,
  };
  const numbers = Object.keys(values)
    .map(Number)
    .sort((a, b) => a - b);
  const directory = Buffer.alloc(2 + 12 * numbers.length + 4);
  directory.writeUInt16LE(numbers.length, 0);
  const lists: Buffer[] = [];
  let listAt = start + directory.length;
  numbers.forEach((number, i) => {
    const list = Buffer.from(Uint16Array.from(values[number]!).buffer);
    const at = 2 + 12 * i;
    directory.writeUInt16LE(number, at);
    directory.writeUInt16LE(3, at + 2);
    directory.writeUInt32LE(list.length / 2, at + 4);
    if (list.length <= 4) list.copy(directory, at + 8);
    else {
      directory.writeUInt32LE(listAt, at + 8);
      lists.push(list);
      listAt += list.length;
    }
  });
  const header = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(start, 4);
  return Buffer.concat([header, pixels, directory, ...lists]);
}
