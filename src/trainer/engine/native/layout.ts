/** Where the tensors of a graph lie while it runs, and which of them need no place of their own. */
import { type Graph, type GraphNode, sizeOf, type Tensor } from "../../../core/model/graph/graph.ts";
import { planStorage, type StoragePlan, UNIT } from "../../../core/model/graph/storage.ts";

/** A tensor's place: an index of the caller's arrays, or of the lifetimes in the arena. */
type Place = { readonly array: number } | { readonly lifetime: number };

/** The caller's arrays are the graph's inputs, then its outputs. */
export class Layout {
  private readonly places = new Map<number, Place>();
  /** the tensor whose memory another one is a view of */
  private readonly roots = new Map<number, number>();
  private readonly producers = new Map<number, GraphNode>();
  private readonly consumers = new Map<number, GraphNode[]>();
  /** products whose result is only added to something, by their result: that addition takes them in */
  private readonly guests = new Map<number, GraphNode>();
  private readonly plan: StoragePlan;

  constructor(private readonly graph: Graph) {
    for (const node of graph.nodes) {
      for (const { id } of node.outputs) this.producers.set(id, node);
      for (const { id } of node.inputs) this.consumers.set(id, [...this.readers(id), node]);
      if (node.operation.kind === "reshape") this.roots.set(node.outputs[0]!.id, this.root(node.inputs[0]!));
    }
    this.findGuests();
    this.plan = planStorage(this.lifetimes());
  }

  /** Floats of everything that has no array of the caller's. */
  get arenaFloats(): number {
    return this.plan.floats;
  }

  /** The product that an addition of this tensor computes along with itself; undefined where there is none. */
  guestOf(tensor: Tensor): GraphNode | undefined {
    return this.guests.get(tensor.id);
  }

  /** As step.c reads it: -1 - index of an array, or the place in the arena in units of 64 bytes. */
  at(tensor: Tensor): number {
    const place = this.placeOf(tensor);
    return "array" in place ? -1 - place.array : this.plan.offsets[place.lifetime]! / UNIT;
  }

  isInArray(tensor: Tensor): boolean {
    return "array" in this.placeOf(tensor);
  }

  private placeOf(tensor: Tensor): Place {
    const place = this.places.get(this.root(tensor));
    if (!place) throw new RangeError(`tensor ${tensor.id} has no place`);
    return place;
  }

  /** Id of the tensor whose memory this one is a view of; its own where it is none. */
  root(tensor: Tensor): number {
    return this.roots.get(tensor.id) ?? tensor.id;
  }

  private readers(id: number): readonly GraphNode[] {
    return this.consumers.get(id) ?? [];
  }

  /** An addition of a product and something as large: the product adds it as it writes. */
  private findGuests(): void {
    const isOutput = new Set(this.graph.outputs.map(({ tensor }) => tensor.id));
    for (const { operation, inputs } of this.graph.nodes) {
      if (operation.kind !== "add") continue;
      const [a, b] = inputs as [Tensor, Tensor];
      if (a.shape.join() !== b.shape.join()) continue;
      const guest = [b, a].find(({ id }) => !isOutput.has(id) && this.readers(id).length === 1 && this.isProduct(id));
      // A tensor that is added to itself is read twice by one node, so it is none.
      if (guest) this.guests.set(guest.id, this.producers.get(guest.id)!);
    }
  }

  /** Whether a tensor is one product of matrices. */
  private isProduct(id: number): boolean {
    const producer = this.producers.get(id);
    const { kind } = producer?.operation ?? {};
    return kind === "linear" || (kind === "matmul" && producer!.outputs[0]!.shape.length === 2);
  }

  /** Gives every tensor its place. Outputs are delivered as soon as they are there. @returns lifetimes of those in the arena */
  private lifetimes(): { size: number; from: number; to: number }[] {
    const { inputs, nodes } = this.graph;
    inputs.forEach(({ tensor }, i) => {
      this.places.set(tensor.id, { array: i });
    });
    const direct = this.directOutputs();
    const lifetimes: { size: number; from: number; to: number }[] = [];
    const use = (tensor: Tensor, at: number): void => {
      const place = this.places.get(this.root(tensor));
      if (place && "lifetime" in place) lifetimes[place.lifetime]!.to = Math.max(lifetimes[place.lifetime]!.to, at);
    };
    nodes.forEach((node, at) => {
      if (node.operation.kind === "reshape") return;
      for (const { id, shape } of node.outputs) {
        if (this.guests.has(id)) continue;
        const array = direct.get(id);
        this.places.set(id, array === undefined ? { lifetime: lifetimes.length } : { array });
        if (array === undefined) lifetimes.push({ size: sizeOf(shape), from: at, to: at });
      }
      for (const input of node.inputs) {
        use(input, at);
        // What a guest reads is read when its addition is computed.
        for (const of of this.guestOf(input)?.inputs ?? []) use(of, at);
      }
    });
    return lifetimes;
  }

  /** Products that go straight to the caller's array, under whatever shape, since nothing reads them: by id, the array. */
  private directOutputs(): Map<number, number> {
    const { inputs, outputs } = this.graph;
    const direct = new Map<number, number>();
    outputs.forEach(({ tensor, additive }, i) => {
      const root = this.root(tensor);
      const isAlone = outputs.filter((other) => this.root(other.tensor) === root).length === 1;
      if (additive && isAlone && this.isProduct(root) && !this.isRead(root)) direct.set(root, inputs.length + i);
    });
    return direct;
  }

  /** Whether anything but a change of shape reads a tensor or a view of it. */
  private isRead(id: number): boolean {
    return this.readers(id).some(
      ({ operation, outputs }) => operation.kind !== "reshape" || this.isRead(outputs[0]!.id),
    );
  }
}
