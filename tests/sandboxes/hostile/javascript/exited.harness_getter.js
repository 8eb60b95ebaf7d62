// returns: nothing
// The process ends, and well, while somebody looks at the value.
function add(a, b) {
  return { get x() { process.exit(0); } };
}
