// Asks the other agents for their health while this one hears nothing of the cluster. Loop thread only; nothing blocks.
//
// The shell around core/cut_off. Whom to ask stands in state_dir/peers.json, so that an agent that starts without
// ZooKeeper knows it too. A question takes at most 3 s and 256 KiB; at most kMostPeersAsked are under way.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/worker.h"
#include "agent/core/cut_off.h"

namespace chorale::agent {

class LoopGate;

class PeerWatch {
 public:
  // `changed`: replaced_by() may be another.
  PeerWatch(boost::asio::io_context& loop, boost::asio::thread_pool& workers, const std::string& state_dir,
            std::function<void()> changed);
  ~PeerWatch();
  PeerWatch(const PeerWatch&) = delete;
  PeerWatch& operator=(const PeerWatch&) = delete;

  // Blocking; before the loop runs. A file that cannot be read counts as absent.
  void load();
  // To be called at every change, and at least once a second.
  void look(TimePoint now, const coordination::ViewChanged& view);
  [[nodiscard]] std::optional<std::string> replaced_by(coordination::Revision own) const {
    return cut_off_.replaced_by(own);
  }

 private:
  class Question;

  void keep();
  void ask(const coordination::PeerAddress& peer);
  void answered(const std::string& id, std::optional<PeerHealth> health);

  boost::asio::io_context& loop_;
  Worker worker_;
  std::string file_;
  std::shared_ptr<LoopGate> names_;  // for name lookups
  std::function<void()> changed_;
  CutOff cut_off_;
  std::map<std::string, std::shared_ptr<Question>> questions_;  // under way, by id
  bool asking_ = false;                                         // since the last word of the cluster; logged once
  bool keeping_ = false;                                        // one at a time
  bool keep_again_ = false;
};

}  // namespace chorale::agent
