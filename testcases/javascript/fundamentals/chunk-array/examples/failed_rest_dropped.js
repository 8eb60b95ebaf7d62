// Only full pieces are kept; what is left over is lost.
function chunk(items, size) {
  const pieces = [];
  let piece = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length === size) {
      pieces.push(piece);
      piece = [];
    }
  }
  return pieces;
}
