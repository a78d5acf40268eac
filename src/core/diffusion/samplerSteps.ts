/**
 * One step of each sampler, from time t to an earlier time t'. All work on x0 and ε as the network implies them, so they serve every
 * prediction type; arrays are float32, coefficients float64.
 */

/** What a step starts from. */
export interface StepState {
  /** x_t, overwritten by x_t' */
  readonly x: Float32Array;
  /** predicted image, clamped where that is asked for; a new array every step, so a stepper may keep it */
  readonly x0: Float32Array;
  /** predicted noise, not derived anew from the clamped image */
  readonly epsilon: Float32Array;
  /** ᾱ_t */
  readonly alpha: number;
  /** ᾱ_t'; 1 at time -1 */
  readonly alphaNext: number;
  /** Fresh standard normals; to be called at most once a step. */
  readonly noise: () => Float32Array;
}

/** Takes one step; a stepper lives for one trajectory, since some remember the step before. */
export type Stepper = (state: StepState) => void;

/**
 * DDIM (Song et al. 2021, eq. 12 and 16): x' = sqrt(ᾱ') x0 + sqrt(1 - ᾱ' - σ²) ε + σ z with
 * σ = η sqrt((1-ᾱ')/(1-ᾱ)) sqrt(1 - ᾱ/ᾱ'). The last step (ᾱ' = 1) returns x0.
 */
export function ddimStepper(eta: number): Stepper {
  return ({ x, x0, epsilon, alpha, alphaNext, noise }) => {
    const sigma = eta * Math.sqrt(((1 - alphaNext) / (1 - alpha)) * (1 - alpha / alphaNext));
    const image = Math.sqrt(alphaNext);
    // Rounding may leave a tiny negative number at eta = 1.
    const direction = Math.sqrt(Math.max(0, 1 - alphaNext - sigma * sigma));
    for (let i = 0; i < x.length; i++) x[i] = image * x0[i]! + direction * epsilon[i]!;
    if (sigma > 0) addScaled(x, noise(), sigma);
  };
}

/**
 * Ancestral sampling (Ho et al. 2020, eq. 6 and 7): the posterior q(x_t' | x_t, x0). On a subset of the times β is respaced to
 * 1 - ᾱ_t/ᾱ_t' (Nichol & Dhariwal 2021, section 4). The last step returns x0.
 */
export function ancestralStepper(): Stepper {
  return ({ x, x0, alpha, alphaNext, noise }) => {
    const alphaStep = alpha / alphaNext;
    const beta = 1 - alphaStep;
    const ofImage = (Math.sqrt(alphaNext) * beta) / (1 - alpha);
    const ofX = (Math.sqrt(alphaStep) * (1 - alphaNext)) / (1 - alpha);
    const sigma = Math.sqrt((beta * (1 - alphaNext)) / (1 - alpha));
    for (let i = 0; i < x.length; i++) x[i] = ofImage * x0[i]! + ofX * x[i]!;
    if (sigma > 0) addScaled(x, noise(), sigma);
  };
}

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second-order multistep in λ = ln(sqrt(ᾱ)/sqrt(1-ᾱ)) on the predicted image,
 * x' = σ'/σ x - sqrt(ᾱ') (e^-h - 1) D, h = λ' - λ, D = (1 + 1/2r) x0 - 1/2r x0_before, r = h_before/h.
 * The first step has nothing before it and is of first order; so is the last, whose λ' is infinite: it returns x0.
 */
export function dpmSolver2mStepper(): Stepper {
  let before: { x0: Float32Array; h: number } | null = null;
  return ({ x, x0, alpha, alphaNext }) => {
    const h = halfLogSnr(alphaNext) - halfLogSnr(alpha);
    const ofX = Math.sqrt((1 - alphaNext) / (1 - alpha));
    const ofD = -Math.sqrt(alphaNext) * Math.expm1(-h);
    const slope = before === null || alphaNext === 1 ? 0 : h / (2 * before.h);
    const previous = before?.x0 ?? x0;
    for (let i = 0; i < x.length; i++) x[i] = ofX * x[i]! + ofD * ((1 + slope) * x0[i]! - slope * previous[i]!);
    before = { x0, h };
  };
}

/** λ = ln(sqrt(ᾱ) / sqrt(1-ᾱ)); infinite for a clean image. */
function halfLogSnr(alpha: number): number {
  return 0.5 * (Math.log(alpha) - Math.log1p(-alpha));
}

function addScaled(x: Float32Array, z: Float32Array, scale: number): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + scale * z[i]!;
}
