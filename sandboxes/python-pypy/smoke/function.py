def add(a, b):
    print("not the answer")
    return a + b
