public class Main { int broken( }
