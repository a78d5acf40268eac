/** The two graphs of a model: a training step's gradients, and a prediction. */
import type { NetworkInputs } from "./backbone.ts";
import { backboneOf, parameterSpecs } from "./backbones.ts";
import { GraphBuilder } from "./graph/builder.ts";
import { type Graph, pruned, type Tensor } from "./graph/graph.ts";
import { type Composites, lowered, NO_COMPOSITES } from "./graph/lower.ts";
import { reshape, scale, weightedSquaredError } from "./graph/operations.ts";
import { rematerialised } from "./graph/rematerialise.ts";
import { elementsPerToken, extraTokens, type ModelShape, tokenCount } from "./shape.ts";

/** Name of the graph output that holds a parameter's gradient. */
export const gradientName = (parameter: string): string => `gradient:${parameter}`;

interface ModelInputs {
  readonly parameters: Map<string, Tensor>;
  readonly inputs: NetworkInputs;
}

function modelInputs(g: GraphBuilder, shape: ModelShape, batchSize: number, visibleTokens: number): ModelInputs {
  const parameters = new Map(parameterSpecs(shape).map((spec) => [spec.name, g.input(spec.name, spec.shape)]));
  const inputs: NetworkInputs = {
    tokens: g.input("tokens", [batchSize * visibleTokens, elementsPerToken(shape)]),
    timeEmbedding: g.input("timeEmbedding", [batchSize, shape.embedDim]),
    labels: shape.numClasses > 0 ? g.input("labels", [batchSize], "int32") : null,
    positions:
      visibleTokens === tokenCount(shape)
        ? null
        : g.input("positions", [batchSize * (extraTokens(shape) + visibleTokens)], "int32"),
  };
  return { parameters, inputs };
}

function network(
  g: GraphBuilder,
  shape: ModelShape,
  parameters: ReadonlyMap<string, Tensor>,
  inputs: NetworkInputs,
  batchSize: number,
): Tensor {
  const get = (name: string): Tensor => {
    const tensor = parameters.get(name);
    if (!tensor) throw new RangeError(`the parameter ${name} is missing`);
    return tensor;
  };
  return backboneOf(shape).output(g, shape, get, inputs, batchSize);
}

/**
 * Loss and gradients of one micro-batch. Inputs besides the parameters: tokens, timeEmbedding, labels?, positions?, target
 * [B, S·p·p·C] and weight [B, 1]. Outputs: loss [B, 1], the weighted mean squared error of each image, and
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
  const { parameters, inputs } = modelInputs(g, shape, batchSize, visibleTokens);
  const perImage = visibleTokens * elementsPerToken(shape);
  const target = g.input("target", [batchSize, perImage]);
  const weight = g.input("weight", [batchSize, 1]);
  const one = g.input("one", [1, 1]);
  const output = reshape(g, network(g, shape, parameters, inputs, batchSize), [batchSize, perImage]);
  const loss = weightedSquaredError(g, output, target, weight);
  const names = [...parameters.keys()];
  const gradients = g.gradients(loss, one, [...parameters.values()]);
  const sums: Record<string, Tensor> = {};
  names.forEach((name, i) => {
    // A parameter that nothing depends on cannot occur: every tensor of parameterSpecs is used.
    sums[gradientName(name)] = gradients[i] ?? scale(g, parameters.get(name)!, 0);
  });
  return rematerialised(lowered(pruned(g.build({ loss }, sums)), composites));
}

/** The network's output, `output` [B · S, p·p·C] in (p1, p2, C) order, for the same inputs. */
export function predictionGraph(
  shape: ModelShape,
  batchSize: number,
  visibleTokens: number,
  composites: Composites = NO_COMPOSITES,
): Graph {
  const g = new GraphBuilder();
  const { parameters, inputs } = modelInputs(g, shape, batchSize, visibleTokens);
  return lowered(pruned(g.build({ output: network(g, shape, parameters, inputs, batchSize) })), composites);
}
