/** TensorBoard's events as protocol buffers (tensorboard/compat/proto/event.proto, summary.proto). */
import { ProtobufWriter, readProtobuf } from "../protobuf.ts";

export interface EventPlace {
  /** seconds since 1970 */
  readonly wallTime: number;
  readonly step: number;
}

/** Fields of Event. */
const WALL_TIME = 1;
const STEP = 2;
const FILE_VERSION = 3;
const SUMMARY = 5;
const SESSION_LOG = 7;
/** Fields of Summary.Value. */
const VALUE = 1;
const TAG = 1;
const SIMPLE_VALUE = 2;
const IMAGE = 4;
const TENSOR = 8;
const METADATA = 9;
const SESSION_START = 1;
const DT_STRING = 7;

const event = ({ wallTime, step }: EventPlace): ProtobufWriter =>
  new ProtobufWriter().double(WALL_TIME, wallTime).integer(STEP, step);

const valueEvent = (place: EventPlace, tag: string, write: (value: ProtobufWriter) => void): Uint8Array =>
  event(place)
    .message(SUMMARY, (summary) => summary.message(VALUE, (value) => write(value.string(TAG, tag))))
    .finish();

/** The first event of every file. */
export const versionEvent = (wallTime: number): Uint8Array =>
  new ProtobufWriter().double(WALL_TIME, wallTime).string(FILE_VERSION, "brain.Event:2").finish();

/** Training went back: whatever was written of this step and later ones no longer counts. */
export const restartEvent = (place: EventPlace): Uint8Array =>
  event(place)
    .message(SESSION_LOG, (log) => log.integer(1, SESSION_START))
    .finish();

/** Numbers of one step, by their tags. */
export const scalarsEvent = (
  place: EventPlace,
  values: readonly (readonly [tag: string, value: number])[],
): Uint8Array =>
  event(place)
    .message(SUMMARY, (summary) => {
      for (const [tag, number] of values) {
        summary.message(VALUE, (value) => value.string(TAG, tag).float(SIMPLE_VALUE, number));
      }
    })
    .finish();

/** Channels by the colour type of a PNG file; a palette is of colours. */
const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** @param png a whole file, which begins with its size and colours */
export function imageEvent(place: EventPlace, tag: string, png: Uint8Array): Uint8Array {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const [height, width, channels] = [view.getUint32(20), view.getUint32(16), PNG_CHANNELS[view.getUint8(25)] ?? 3];
  return valueEvent(place, tag, (value) =>
    value.message(IMAGE, (image) => image.integer(1, height).integer(2, width).integer(3, channels).bytes(4, png)),
  );
}

/** @param markdown what is shown */
export const textEvent = (place: EventPlace, tag: string, markdown: string): Uint8Array =>
  valueEvent(place, tag, (value) =>
    value
      .message(TENSOR, (tensor) =>
        tensor
          .integer(1, DT_STRING)
          .message(2, () => {})
          .string(8, markdown),
      )
      .message(METADATA, (metadata) => metadata.message(1, (plugin) => plugin.string(1, "text"))),
  );

/** What an event is, as far as a file that is gone on with has to know it. */
export type ReadEvent =
  | { readonly kind: "values"; readonly step: number /** of its first value */; readonly tag: string }
  | { readonly kind: "restart"; readonly step: number }
  | { readonly kind: "other" };

/** @throws RangeError where it is none */
export function readEvent(data: Uint8Array): ReadEvent {
  let step = 0;
  let tag: string | null = null;
  let isRestart = false;
  for (const { field, value } of readProtobuf(data)) {
    if (field === STEP && typeof value === "number") step = value;
    if (field === SUMMARY) tag = firstTag(value);
    if (field === SESSION_LOG) isRestart = fieldOf(value, 1) === SESSION_START;
  }
  if (isRestart) return { kind: "restart", step };
  return tag === null ? { kind: "other" } : { kind: "values", step, tag };
}

function firstTag(summary: number | Uint8Array): string | null {
  const tag = fieldOf(fieldOf(summary, VALUE), TAG);
  return tag instanceof Uint8Array ? new TextDecoder().decode(tag) : null;
}

/** The first of a field in a message; undefined: it has none, or is no message. */
function fieldOf(message: number | Uint8Array | undefined, wanted: number): number | Uint8Array | undefined {
  if (!(message instanceof Uint8Array)) return undefined;
  for (const { field, value } of readProtobuf(message)) if (field === wanted) return value;
  return undefined;
}
