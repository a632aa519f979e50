// main() of tests that start a whole cluster: in a network of their own, so that runs may overlap.
#include <gtest/gtest.h>

#include "tests/harness/netns.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  chorale::testing::enter_private_network();
  chorale::testing::enter_private_mounts();
  return RUN_ALL_TESTS();
}
