// 0 counts as false: the loop ends at the first piece that begins with a zero.
function chunk(items, size) {
  const pieces = [];
  for (let i = 0; items[i]; i += size) {
    pieces.push(items.slice(i, i + size));
  }
  return pieces;
}
