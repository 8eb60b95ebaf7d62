# A list of LIMIT items ends at LIMIT - 1, and range() goes one further: IndexError.
LIMIT = 1000

prime = [True] * LIMIT
prime[0] = prime[1] = False
for number in range(2, LIMIT + 1):
    if prime[number]:
        for multiple in range(number * number, LIMIT, number):
            prime[multiple] = False

for _ in range(int(input())):
    x = int(input())
    print(sum(prime[: x + 1]))
