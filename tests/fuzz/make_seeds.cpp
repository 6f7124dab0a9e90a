// Writes the seeds of all targets: make_seeds tests/fuzz/seeds
#include "seeds.hpp"

int main(int count, char** arguments) {
  if (count != 2) return 1;
  ink::fuzz::SeedWriter{arguments[1]};
}
