// What programs tend to use, for snapshot.js. The last line is wrong on purpose.
import * as fs from "fs";
import readline from "readline";

type Shape = { kind: "circle"; radius: number } | { kind: "square"; side: number };

interface Named<T> {
  readonly name: string;
  value?: T;
}

enum Colour {
  Red,
  Green = 5,
}

abstract class Base<T> implements Named<T> {
  static made = 0;
  constructor(public readonly name: string, protected values: T[] = []) {
    Base.made++;
  }
  abstract show(): string;
  get size(): number {
    return this.values.length;
  }
  *[Symbol.iterator](): Generator<T, void, undefined> {
    yield* this.values;
  }
}

class Stack extends Base<number> {
  #top?: number;
  override show(): string {
    return `${this.name}: ${[...this].map((n) => n.toFixed(2)).join(", ")} ${this.#top ?? "empty"}`;
  }
  push(...items: number[]): this {
    for (const item of items) this.values.push(item);
    this.#top = items.at(-1);
    return this;
  }
}

const area = (shape: Shape): number => {
  switch (shape.kind) {
    case "circle":
      return Math.PI * shape.radius ** 2;
    case "square":
      return shape.side * shape.side;
  }
};

function first<K extends string, V>(map: Map<K, V>): [K, V] | undefined {
  for (const entry of map) return entry;
  return undefined;
}

async function read(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readline.createInterface({ input: process.stdin })) lines.push(line.trim());
  return lines;
}

function count(text: string): Record<string, number> {
  const found: Record<string, number> = {};
  for (const word of text.split(/\s+/).filter(Boolean)) found[word] = (found[word] ?? 0) + 1;
  return found;
}

try {
  const [head, ...rest] = fs.readFileSync(0, "utf8").split("\n");
  const numbers: number[] = rest.flatMap((line) => line.split(" ").map(Number)).sort((a, b) => a - b);
  console.log(numbers.reduce((sum, n) => sum + n, 0), BigInt(2) ** 64n, Colour[Colour.Red], count(head));
  console.log(new Stack("s").push(1, 2).show(), area({ kind: "circle", radius: 1 }), first(new Map([["a", 1]])));
  console.log(new Set(numbers).has(3), Object.entries({ a: 1 }), JSON.parse("[1]") as unknown, typeof head);
} catch (error) {
  if (error instanceof Error) process.stderr.write(error.message + "\n");
  process.exit(1);
}
read().then((lines) => lines.forEach((line, index) => process.stdout.write(`${index} ${line}\n`)));

const wrong: number = undeclared.name + "text";
