"""What each rule code means, which article it rests on, what it needs, and where its bound lies: for people."""
