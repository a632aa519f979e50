#include "coordination/acceptance.h"

#include <cstddef>
#include <string>
#include <utility>

namespace chorale::coordination {
namespace {

constexpr std::size_t kLongestShown = 64;

}  // namespace

void Acceptance::reset() {
  mirror_.reset();
  taken_.reset();
  deleting_.reset();
}

void Acceptance::drive() {
  if (!mirror_.due()) return;
  mirror_.look(CheckNode{context_.paths.accept, true}, [this](const Reply<CheckNode>& reply) { on_checked(reply); });
}

void Acceptance::on_checked(const Reply<CheckNode>& reply) {
  if (!reply) return mirror_.again(reply.error());
  // Gone, and the reply to its deletion was lost: it is taken all the same.
  if (const auto deleted = std::exchange(deleting_, std::nullopt); deleted && !reply->stat) taken_ = deleted;
  if (!reply->stat) return mirror_.fresh();
  mirror_.send(ReadNode{context_.paths.accept}, [this](const Reply<ReadNode>& read) { on_read(read); });
}

void Acceptance::on_read(const Reply<ReadNode>& reply) {
  if (!reply) return mirror_.again(reply.error());
  const auto document = decode_accept(reply->data);
  std::optional<AcceptDocument> word;
  if (document && (document->what == kAcceptPolicy || is_loss_digest(document->what))) word = *document;
  // Its own deletion must succeed before it counts: a word is taken once, whoever leads.
  mirror_.send(DeleteNode{context_.paths.accept, reply->stat.version},
               [this, word, said = document ? document->what : reply->data](const Reply<DeleteNode>& deleted) {
                 if (!deleted) {
                   if (is_unknown(deleted.error().kind)) deleting_ = word;
                   return mirror_.again(deleted.error());
                 }
                 if (!word) tell_meaningless(said);
                 taken_ = word;
                 mirror_.fresh();
               });
}

// It would stand in the way of the next one.
void Acceptance::tell_meaningless(const std::string& said) {
  context_.log_news(LogLine::Level::kWarning, "\"" + said.substr(0, kLongestShown) + "\" at " +
                                                  context_.paths.accept.text() +
                                                  " is neither \"policy\" nor the digest of a loss, and was deleted");
}

std::optional<AcceptDocument> Acceptance::take() { return std::exchange(taken_, std::nullopt); }

}  // namespace chorale::coordination
