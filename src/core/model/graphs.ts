/** The two graphs of a model: a training step's gradients, and a prediction. */
import type { NetworkInputs } from "./backbone.ts";
import { backboneOf, extraTokens, parameterSpecs } from "./backbones.ts";
import { GraphBuilder } from "./graph/builder.ts";
import { type Graph, pruned, type Tensor } from "./graph/graph.ts";
import { type Composites, lowered, NO_COMPOSITES } from "./graph/lower.ts";
import { reshape, scale, weightedSquaredError } from "./graph/operations.ts";
import { rematerialised } from "./graph/rematerialise.ts";
import { withOutputConv } from "./outputConv.ts";
import { elementsPerToken, fedTokens, type ModelShape, tokenCount } from "./shape.ts";

/** Name of the graph output that holds a parameter's gradient. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

interface ModelInputs {
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly inputs: NetworkInputs;
}

function modelInputs(g: GraphBuilder, shape: ModelShape, batchSize: number, visibleTokens: number): ModelInputs {
  const backbone = backboneOf(shape);
  const named = (tensors: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    new Map(tensors.map((tensor) => [tensor.name, g.input(tensor.name, tensor.shape)]));
  const parameters = named(parameterSpecs(shape));
  const constants = named(backbone.constants(shape));
  const fed = fedTokens(shape, visibleTokens);
  const all = tokenCount(shape);
  const rows = (tokens: number) => batchSize * (extraTokens(shape) + tokens);
  const inputs: NetworkInputs = {
    tokens: g.input("tokens", [batchSize * fed, elementsPerToken(shape)]),
    timeEmbedding: g.input("timeEmbedding", [batchSize, backbone.timeEmbeddingWidth(shape)]),
    labels: shape.numClasses > 0 ? g.input("labels", [batchSize], "int32") : null,
    positions: fed < all ? g.input("positions", [rows(fed)], "int32") : null,
    visible:
      visibleTokens < fed
        ? {
            kept: g.input("visible.kept", [rows(visibleTokens)], "int32"),
            places: g.input("visible.places", [rows(all)], "int32"),
            isKept: g.input("visible.isKept", [rows(all), 1]),
          }
        : null,
  };
  return { parameters, constants, inputs };
}

function network(
  g: GraphBuilder,
  shape: ModelShape,
  { parameters, constants, inputs }: ModelInputs,
  batchSize: number,
): Tensor {
  const tensors = (name: string): Tensor => {
    const tensor = parameters.get(name) ?? constants.get(name);
    if (!tensor) throw new RangeError(`the network has no tensor ${name}`);
    return tensor;
  };
  const scope = { g, shape, tensors, batchSize };
  return withOutputConv(scope, backboneOf(shape).output(scope, inputs));
}

/**
 * Loss and gradients of one micro-batch. Inputs besides parameters and constants: tokens, timeEmbedding, labels?, those of
 * tokenFeeds.ts, target [B, F·p·p·C] and weight [B, 1]. Outputs: loss [B, 1], the weighted mean squared error of each image, and
 * `gradient:<name>`, the gradient of the sum of those losses. Cheap results are computed again for the gradients, not kept.
 * @param composites operations that the backend has as a whole
 */
export function trainingGraph(
  shape: ModelShape,
  batchSize: number,
  visibleTokens: number,
  composites: Composites = NO_COMPOSITES,
): Graph {
  const g = new GraphBuilder();
  const own = modelInputs(g, shape, batchSize, visibleTokens);
  const { parameters } = own;
  const perImage = fedTokens(shape, visibleTokens) * elementsPerToken(shape);
  const target = g.input("target", [batchSize, perImage]);
  const weight = g.input("weight", [batchSize, 1]);
  const one = g.input("one", [1, 1]);
  const output = reshape(g, network(g, shape, own, batchSize), [batchSize, perImage]);
  const loss = weightedSquaredError(g, output, target, weight);
  const names = [...parameters.keys()];
  const gradients = g.gradients(loss, one, [...parameters.values()]);
  const sums: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    // Nothing depends on the token that stands for hidden ones where none is hidden, nor on the output convolution where some are absent.
    sums[gradientName(name)] = gradients[i] ?? scale(g, parameters.get(name)!, 0);
  });
  return rematerialised(lowered(pruned(g.build({ loss }, sums)), composites));
}

/** The network's output, `output` [B · F, p·p·C] in (p1, p2, C) order, for the same inputs. */
export function predictionGraph(
  shape: ModelShape,
  batchSize: number,
  visibleTokens: number,
  composites: Composites = NO_COMPOSITES,
): Graph {
  const g = new GraphBuilder();
  const own = modelInputs(g, shape, batchSize, visibleTokens);
  return lowered(pruned(g.build({ output: network(g, shape, own, batchSize) })), composites);
}
