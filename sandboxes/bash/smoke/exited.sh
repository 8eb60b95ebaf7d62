read -r n
echo "ok $n"
