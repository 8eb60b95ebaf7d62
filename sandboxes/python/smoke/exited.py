print("ok", input())
