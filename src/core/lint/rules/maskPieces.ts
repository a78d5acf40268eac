/** Rules about one mask, for each piece of one that changes over pretraining. */
import { stepsText } from "../../masks/schedule.ts";
import type { Finding, LintContext, Rule } from "../rule.ts";

/** The rule for every piece: its findings name the piece, stand at it, and their fixes change it alone. */
export function ofEveryPiece(rule: Rule): Rule {
  return {
    ...rule,
    *check(context) {
      for (const own of eachPiece(context)) for (const finding of rule.check(own)) yield inPiece(finding, own);
    },
  };
}

/** A rule about keys without effect. One that the section gives to all has an effect as soon as one piece reads it. */
export function unusedInAllPieces(rule: Rule): Rule {
  return {
    ...rule,
    *check(context) {
      const all = eachPiece(context).map((own) => ({ own, found: [...rule.check(own)] }));
      const shared = new Set<string>();
      for (const { own, found } of all) {
        for (const finding of found) {
          const key = finding.at[0]!;
          if (own.owns(key)) yield inPiece(finding, own);
          else if (context.document.isSet(key) && !shared.has(key)) {
            shared.add(key);
            const isUnused = all.every((other) => other.own.owns(key) || other.found.some(({ at }) => at[0] === key));
            if (isUnused) yield finding;
          }
        }
      }
    },
  };
}

const eachPiece = (context: LintContext): LintContext[] => context.pieces.map((piece) => context.at(piece));

/** What was found about a piece; the same where the mask does not change. */
function inPiece(finding: Finding, context: LintContext): Finding {
  const { piece } = context;
  if (piece.name === "mask.rate") return finding;
  const rate = context.pathOf("mask.rate");
  const { at, message, fix } = finding;
  const here = at.map((path) => context.pathOf(path));
  return {
    ...finding,
    at: [...here.filter((path) => path.startsWith(piece.name)), piece.name, ...here],
    message: `${piece.name}, ${stepsText(piece)}: ${message}`,
    ...(fix && {
      fix: {
        ...fix,
        ...(fix.set && {
          set: Object.fromEntries(Object.entries(fix.set).map(([path, value]) => [context.pathOf(path), value])),
        }),
        // A piece needs its rate.
        ...(fix.remove && { remove: fix.remove.map((path) => context.pathOf(path)).filter((path) => path !== rate) }),
      },
    }),
  };
}
