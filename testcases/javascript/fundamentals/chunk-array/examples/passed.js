function chunk(items, size) {
  const pieces = [];
  for (let from = 0; from < items.length; from += size) {
    pieces.push(items.slice(from, from + size));
  }
  return pieces;
}
