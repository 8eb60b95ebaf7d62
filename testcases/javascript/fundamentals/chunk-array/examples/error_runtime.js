// Calls itself with the same list for ever: RangeError, the stack is full.
function chunk(items, size) {
  return [items.slice(0, size)].concat(chunk(items, size));
}
