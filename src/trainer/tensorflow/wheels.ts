/** The wheels of TensorFlow on PyPI whose C library tfjs-node's binding is compiled against. */

export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** pip's name of the platform it was built for */
  readonly platform: string;
  readonly sha256: string;
  readonly megabytes: number;
  /** files of the library, in the wheel's folder `tensorflow` */
  readonly libraries: readonly string[];
}

/** The library does not depend on Python; any Python can download the wheel for this one. */
export const WHEEL_PYTHON = "3.11";

const LINUX = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
const MACOS = ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"];

/**
 * By Node's platform and architecture. A newer version is written here with the hash that
 * `pip install --dry-run --no-deps --report - --python-version 3.11 --platform … --only-binary :all: --target x PROJECT==VERSION` tells.
 */
export const WHEELS: Readonly<Record<string, Wheel>> = {
  "linux-x64": {
    project: "tensorflow-cpu",
    version: "2.21.0",
    platform: "manylinux_2_27_x86_64",
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    megabytes: 274,
    libraries: LINUX,
  },
  "linux-arm64": {
    project: "tensorflow",
    version: "2.21.0",
    platform: "manylinux_2_27_aarch64",
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    megabytes: 282,
    libraries: LINUX,
  },
  "darwin-arm64": {
    project: "tensorflow",
    version: "2.21.0",
    platform: "macosx_12_0_arm64",
    sha256: "51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88",
    megabytes: 223,
    libraries: MACOS,
  },
  // The last one for Intel Macs.
  "darwin-x64": {
    project: "tensorflow",
    version: "2.16.2",
    platform: "macosx_10_15_x86_64",
    sha256: "ec06570d57bfa0e2be804405e3cdc2960e94887e7619ffb6bc053e9775b695aa",
    megabytes: 260,
    libraries: MACOS,
  },
};
