// The header of std::cin and std::cout is missing.
int main() {
    int count;
    std::cin >> count;
    for (int i = 0; i < count; i++) {
        double temperature;
        char scale;
        std::cin >> temperature >> scale;
        std::cout << (scale == 'C' ? temperature * 1.8 + 32 : (temperature - 32) / 1.8) << '\n';
    }
}
