import * as tf from "@tensorflow/tfjs-core";
import { testBackend } from "../engine/testBackends.ts";
import { describeGpuBackend } from "./describeGpuBackend.ts";

/** TensorFlow.js's number of the product for few rows and columns. */
const SMALL_PRODUCT = 2;

const candidate = await testBackend("tfjs-webgpu");
// For the smallest products it takes a group of threads per element, which a card does at once and SwiftShader one by one.
if (candidate.backend?.version.includes("swiftshader")) tf.env().set("WEBGPU_MATMUL_PROGRAM_TYPE", SMALL_PRODUCT);
describeGpuBackend(candidate);
