function add(a: number, b: number): number {
  console.log("not the answer");
  return a + b;
}
