/** Kinds of values that several sections have, and what documentation says of a key. */
import * as z from "zod";

declare module "zod" {
  interface GlobalMeta {
    /** unit of a number, in words */
    unit?: string;
    /** the formula the key enters, method page notation */
    equation?: string;
    /** what a larger or other value costs */
    cost?: string;
  }
}

export const integer = (min: number, max: number) => z.number().int().min(min).max(max);
export const rate01 = () => z.number().min(0).max(1);
