# Right, but every number is tested anew: far too slow for large questions.
def is_prime(number):
    if number < 2:
        return False
    for divisor in range(2, number):
        if number % divisor == 0:
            return False
    return True


for _ in range(int(input())):
    x = int(input())
    print(sum(is_prime(number) for number in range(x + 1)))
