syllables = int(input())
print("Ba" + "na" * (syllables - 1) + "-42")
