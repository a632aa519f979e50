// What the command line asked for. A value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/marathon_simulator/version.h"

namespace chorale::marathon_simulator {

// A Mesos agent: the name that Marathon shows as the task's host, and the address that backends bind.
struct Slave {
  std::string name;
  std::string address;
  std::string network{};  // the file of the network namespace that has this address; empty: the simulator's own
};

struct Options {
  std::string framework_id = "5e2d7a60-0000-4000-8000-000000000000-0000";
  std::string listen_address = "127.0.0.1";
  std::uint16_t listen_port = 0;
  Version version;
  int apps = 0;
  int tasks = 1;
  std::size_t group_bytes = 0;  // of the groups in deployment events, up to 1.6; 0: they carry none
  std::vector<Slave> slaves{{"127.0.0.1", "127.0.0.1", ""}};
  bool backends = false;
  bool idle_apps = false;  // nothing listens behind the apps that are there from the start
  bool task_killing = false;
  std::string user;
  std::string password;
  std::string service_account;                        // uid; empty: nobody can log in
  std::string public_key;                             // PEM
  std::chrono::milliseconds token_life{432'000'000};  // DC/OS's five days
  std::string leader;                                 // URL; empty: this one leads
  std::chrono::milliseconds heartbeat{10'000};
  std::chrono::milliseconds step_delay{5};     // between STAGING, STARTING and RUNNING
  std::chrono::milliseconds health_delay{10};  // from RUNNING to the first healthy result
  std::chrono::milliseconds drain{500};        // from the kill to the end of the process
};

}  // namespace chorale::marathon_simulator
