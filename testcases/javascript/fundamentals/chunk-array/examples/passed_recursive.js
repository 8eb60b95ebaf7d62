function chunk(items, size) {
  if (items.length === 0) {
    return [];
  }
  return [items.slice(0, size), ...chunk(items.slice(size), size)];
}
