held = []
loop { held << "x" * 1_000_000 }
