function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function median(numbers) {
  const ordered = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(ordered.length / 2);
  return ordered.length % 2 === 1 ? ordered[middle] : mean(ordered.slice(middle - 1, middle + 1));
}

function describe(numbers) {
  if (numbers.length === 0) {
    return null;
  }
  return [Math.min(...numbers), Math.max(...numbers), mean(numbers), median(numbers)];
}
