/**
 * One step of each sampler, from time t to an earlier time t', on x_t = a x0 + b ε and x_t' = a' x0 + b' ε: so they serve every process
 * and every prediction. Arrays are float32, coefficients float64. docs/diffusion.md has the formulas in one place.
 */
import type { ImageAndNoise } from "./objective.ts";
import type { SignalAndNoise } from "./schedule.ts";

/** What a step starts from. */
export interface StepState extends ImageAndNoise {
  /** x_t, overwritten by x_t' */
  readonly x: Float32Array;
  /** predicted image, clamped where that is asked for; a new array every step, so a stepper may keep it */
  readonly x0: Float32Array;
  /** predicted noise, not derived anew from the clamped image */
  readonly epsilon: Float32Array;
  /** at t; there is noise */
  readonly from: SignalAndNoise;
  /** at t'; no noise at time -1 */
  readonly to: SignalAndNoise;
  /** Fresh standard normals; to be called at most once a step. */
  readonly noise: () => Float32Array;
  /** The network's image and noise of what `x` is now, at t'; not to be called where t' is -1. */
  readonly predictNext: () => Promise<ImageAndNoise>;
}

/** Takes one step; a stepper lives for one trajectory, since some remember the step before. */
export type Stepper = (state: StepState) => void | Promise<void>;

/**
 * DDIM (Song et al. 2021, eq. 12 and 16): x' = a' x0 + sqrt(b'² - σ²) ε + σ z, where σ is η times that of `posterior`. The last step
 * returns x0. With η = 0 it is Euler's method on the probability-flow ODE dx = x0 da + ε db: x + (a' - a) x0 + (b' - b) ε.
 */
export function ddimStepper(eta: number): Stepper {
  return ({ x, x0, epsilon, from, to, noise }) => {
    const sigma = eta * posterior(from, to).sigma;
    // Rounding may leave a tiny negative number at eta = 1.
    const direction = Math.sqrt(Math.max(0, to.noise ** 2 - sigma * sigma));
    for (let i = 0; i < x.length; i++) x[i] = to.signal * x0[i]! + direction * epsilon[i]!;
    if (sigma > 0) addScaled(x, noise(), sigma);
  };
}

/**
 * Heun's method, the second order of `ddimStepper(0)`: after Euler's step the network is asked again where that arrived, and the means of
 * both images and of both noises take the step, x + (a' - a) (x0 + x0')/2 + (b' - b) (ε + ε')/2. On the straight path that is Heun's method
 * for dx = v da. The last step is Euler's, as there is no noise where it arrives.
 */
export function heunStepper(): Stepper {
  const euler = ddimStepper(0);
  return async (state) => {
    await euler(state);
    const { x, x0, epsilon, from, to } = state;
    if (to.noise === 0) return;
    const next = await state.predictNext();
    const [ofImage, ofNoise] = [(to.signal - from.signal) / 2, (to.noise - from.noise) / 2];
    for (let i = 0; i < x.length; i++)
      x[i] = x[i]! + ofImage * (next.x0[i]! - x0[i]!) + ofNoise * (next.epsilon[i]! - epsilon[i]!);
  };
}

/** Ancestral sampling (Ho et al. 2020, eq. 6 and 7): the posterior q(x_t' | x_t, x0). The last step returns x0. */
export function ancestralStepper(): Stepper {
  return ({ x, x0, from, to, noise }) => {
    const { ofImage, ofX, sigma } = posterior(from, to);
    for (let i = 0; i < x.length; i++) x[i] = ofImage * x0[i]! + ofX * x[i]!;
    if (sigma > 0) addScaled(x, noise(), sigma);
  };
}

/**
 * q(x_t' | x_t, x0) = N(ofImage x0 + ofX x_t, sigma²): x_t is a/a' x_t' and noise of variance s² = b² - (a/a')² b'², so that Bayes' rule
 * gives a' s²/b² x0 + (a/a') (b'/b)² x_t and (b' s/b)². Where s² is respaced β of ddpm: Nichol & Dhariwal 2021, section 4.
 */
function posterior(from: SignalAndNoise, to: SignalAndNoise): { ofImage: number; ofX: number; sigma: number } {
  const kept = from.signal / to.signal;
  const [before, after] = [from.noise ** 2, to.noise ** 2];
  const added = before - kept ** 2 * after;
  return {
    ofImage: (to.signal * added) / before,
    ofX: (kept * after) / before,
    sigma: Math.sqrt((added * after) / before),
  };
}

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second-order multistep in λ = ln(a/b) on the predicted image,
 * x' = b'/b x - a' (e^-h - 1) D, h = λ' - λ, D = (1 + 1/2r) x0 - 1/2r x0_before, r = h_before/h.
 * The first step has nothing before it and is of first order; so is the last, whose λ' is infinite: it returns x0. From where there is no
 * signal h is infinite, too: x' = b'/b x + a' x0, and that far back D takes nothing from.
 */
export function dpmSolver2mStepper(): Stepper {
  let before: { x0: Float32Array; h: number } | null = null;
  return ({ x, x0, from, to }) => {
    const h = Math.log(to.signal / to.noise) - Math.log(from.signal / from.noise);
    const ofX = to.noise / from.noise;
    const ofD = -to.signal * Math.expm1(-h);
    const slope = before === null || to.noise === 0 ? 0 : h / (2 * before.h);
    const previous = before?.x0 ?? x0;
    for (let i = 0; i < x.length; i++) x[i] = ofX * x[i]! + ofD * ((1 + slope) * x0[i]! - slope * previous[i]!);
    before = { x0, h };
  };
}

function addScaled(x: Float32Array, z: Float32Array, scale: number): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + scale * z[i]!;
}
