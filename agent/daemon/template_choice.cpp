#include "agent/daemon/template_choice.h"

#include <utility>

#include "agent/base/log.h"
#include "agent/base/one_line.h"
#include "render/server_names.h"

namespace chorale::agent {
namespace {

std::string text_of(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "" : ", ") + id;
  return text;
}

constexpr std::size_t kShownDigits = 12;
constexpr std::size_t kLongestName = 64;

std::string words_of(const LoadedTemplate& loaded) { return "template " + loaded.digest.substr(0, kShownDigits); }

std::string words_of(const coordination::PushedTemplate& pushed) {
  return "the template pushed by " + pushed.by + " at " + pushed.at;
}

}  // namespace

TemplateChoice::TemplateChoice(boost::asio::io_context& loop, boost::asio::thread_pool& workers, TemplateSource& source,
                               Trials& trials, Callbacks callbacks, Pauses pauses)
    : worker_(loop, workers),
      source_(source),
      trials_(trials),
      callbacks_(std::move(callbacks)),
      pauses_(pauses),
      again_(loop) {}

void TemplateChoice::close() {
  worker_.cancel();
  again_.cancel();
  ++round_;
}

// Runs on a worker: values in, values out.
TemplateChoice::Compiled TemplateChoice::compile(const coordination::PushedTemplates& pushed,
                                                 const render::TemplateOptions& options) {
  Compiled compiled;
  if (pushed.ruling) compiled.ruling = compile_template(*pushed.ruling->text, "pushed template", options);
  if (pushed.canary) compiled.canary = compile_template(*pushed.canary->text, "pushed template", options);
  return compiled;
}

// A new leader whose file differs goes on with the committed template until its own file changes: proxies are upgraded
// one by one, and a leader change must not change the configuration of every proxy.
void TemplateChoice::begin(Committed committed, const coordination::PushedTemplates& pushed) {
  begins_ = true;
  in_use_ = std::move(committed.ruling);
  canary_ = std::move(committed.canary);
  wanted_canary_ = canary_;
  const auto& own = source_.current();
  if (!committed.restored && in_use_ && own && in_use_->digest != own->digest) passed_over_ = own->digest;
  push(pushed);
}

void TemplateChoice::push(const coordination::PushedTemplates& pushed) {
  worker_.run([pushed, options = source_.options()] { return compile(pushed, options); },
              [this, pushed, number = ++pushes_](Compiled compiled) {
                if (number == pushes_) take_pushed(pushed, std::move(compiled));
              });
}

void TemplateChoice::take_pushed(const coordination::PushedTemplates& pushed, Compiled compiled) {
  ++round_;
  again_.cancel();
  if (pushed.trouble) {
    pushed_rules_ = true;  // something does, and this host's file is not it
    candidate_.reset();
    trouble_ = Failure{*pushed.trouble};
    log_error(*pushed.trouble + "; what is in use stays");
    if (!in_use_ && source_.current()) return consider(*source_.current());
    return settle();
  }
  pusher_ = pushed.by;
  rolled_back_ = pushed.rolled_back;
  wanted_canary_.reset();
  canary_trouble_.reset();
  canary_said_.clear();
  if (pushed.canary && compiled.canary) wanted_canary_ = CanaryTemplate{std::move(*compiled.canary), pushed.canaries};
  if (pushed.canary && !wanted_canary_) canary_trouble_ = Failure{compiled.canary.error().message};
  const bool ruled = std::exchange(pushed_rules_, pushed.ruling.has_value());
  if (!pushed.ruling) {
    if (ruled) passed_over_.reset();  // an operator has given the word back to the file
    return choose_file();
  }
  note_ = words_of(*pushed.ruling) + " rules: " + source_.file() + " is not used";
  if (!compiled.ruling) {
    candidate_.reset();
    trouble_ = compiled.ruling.error();
    log_error("template refused, the last good one stays in use: " + trouble_->message);
    return consider_canary();
  }
  consider(std::move(*compiled.ruling));
}

void TemplateChoice::file_changed() {
  if (!begins_) return;  // it is looked at when this begins
  if (pushed_rules_) return log_info("template " + source_.file() + " changed and is not used: a pushed one rules");
  ++round_;
  again_.cancel();
  pusher_.clear();
  rolled_back_ = false;
  choose_file();
}

void TemplateChoice::choose_file() {
  const auto& own = source_.current();
  candidate_.reset();
  trouble_ = source_.trouble();
  note_.reset();
  if (trouble_) {
    if (begun_) log_error("template refused, the last good one stays in use: " + trouble_->message);
  } else if (in_use_ && in_use_->digest == own->digest) {
    passed_over_.reset();
    if (begun_) log_info("template " + source_.file() + " is what is in use");
  } else if (in_use_ && passed_over_ == own->digest) {
    note_ = source_.file() + " differs from the committed template, which stays in use until the file changes";
    if (begun_) {  // it only could not be read for a moment
      log_info("template " + source_.file() + " has not changed: the committed one stays in use");
    } else {
      log_warning(*note_);
    }
  } else {
    passed_over_.reset();
    return consider(*own);
  }
  consider_canary();
}

// Nothing is offered with a template that this Nginx refuses: every agent would refuse it, whatever the apps.
void TemplateChoice::consider(LoadedTemplate candidate) {
  if (in_use_ && in_use_->digest == candidate.digest) {
    candidate_.reset();
    trouble_.reset();
    return consider_canary();
  }
  candidate_ = std::move(candidate);
  trouble_.reset();
  said_.clear();
  vet();
}

void TemplateChoice::vet() {
  trials_.vet(*candidate_, in_use_, callbacks_.served(),
              [this, candidate = *candidate_, round = round_](const Trials::Vetting& vetting) {
                if (round == round_) vetted(candidate, vetting);
              });
}

void TemplateChoice::vetted(const LoadedTemplate& candidate, const Trials::Vetting& vetting) {
  // A proxy whose Nginx accepts nothing may still lead: its vote says what is wrong with it.
  const bool use =
      vetting.verdict == Trials::Verdict::kGood || (vetting.verdict == Trials::Verdict::kUnclear && !in_use_);
  if (!use) {
    refuse(trouble_, said_, vetting);
    return consider_canary();
  }
  const bool is_other = in_use_.has_value();
  in_use_ = candidate;
  candidate_.reset();
  trouble_.reset();
  if (!pushed_rules_) note_.reset();
  if (is_other) log_info("template " + candidate.compiled.file() + " changed, rendering again");
  use_another(ruling_change());
  consider_canary();
}

void TemplateChoice::refuse(std::optional<Failure>& trouble, std::string& said, const Trials::Vetting& vetting) {
  trouble = Failure{vetting.reason};
  if (std::exchange(said, vetting.reason) != vetting.reason) {
    log_error("template refused, " + std::string(in_use_ ? "the last good one stays in use: " : "there is no other: ") +
              vetting.reason);
  }
  again_.expires_after(vetting.verdict == Trials::Verdict::kUnclear ? pauses_.unclear : pauses_.refused);
  again_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    candidate_ ? vet() : consider_canary();
  });
}

void TemplateChoice::consider_canary() {
  const bool same = wanted_canary_ && canary_ && canary_->loaded.digest == wanted_canary_->loaded.digest;
  if (!wanted_canary_ || same) {
    const bool changed = wanted_canary_ ? canary_->agents != wanted_canary_->agents : canary_.has_value();
    const auto before = std::exchange(canary_, wanted_canary_);
    if (changed) use_another(trial_change(before));
    return settle();
  }
  trials_.vet(wanted_canary_->loaded, in_use_, callbacks_.served(),
              [this, canary = *wanted_canary_, round = round_](const Trials::Vetting& vetting) {
                if (round == round_) canary_vetted(canary, vetting);
              });
}

void TemplateChoice::canary_vetted(CanaryTemplate canary, const Trials::Vetting& vetting) {
  if (vetting.verdict == Trials::Verdict::kGood) {
    log_info("a pushed template is used on " + text_of(canary.agents) + " alone");
    canary_ = std::move(canary);
    canary_trouble_.reset();
    use_another(trial_change(std::nullopt));
  } else {
    refuse(canary_trouble_, canary_said_, vetting);
  }
  settle();
}

void TemplateChoice::end_trial(const std::string& reason) {
  if (!canary_) return;
  canary_trouble_ = Failure{"pushed template, refused by a proxy that tries it: " + reason};
  log_error("the trial of a template ends: " + canary_trouble_->message);
  wanted_canary_.reset();
  ++round_;
  pusher_.clear();
  use_another("the trial of " + words_of(std::exchange(canary_, std::nullopt)->loaded) +
              " ended: a proxy that tries it refuses it");
  settle();
}

std::string TemplateChoice::ruling_change() const {
  const std::string by = pusher_.empty() ? "" : " by " + one_line(pusher_, kLongestName);
  if (rolled_back_) return "rollback to " + words_of(*in_use_) + by;
  return words_of(*in_use_) + (pushed_rules_ ? " pushed" + by : " of " + source_.file());
}

std::string TemplateChoice::trial_change(const std::optional<CanaryTemplate>& before) const {
  const std::string by = pusher_.empty() ? "" : " by " + one_line(pusher_, kLongestName);
  if (canary_) return words_of(canary_->loaded) + " on trial on " + text_of(canary_->agents) + by;
  if (in_use_ && in_use_->digest == before->loaded.digest) return ruling_change();  // it was pushed for all
  return "the trial of " + words_of(before->loaded) + " ended" + by;
}

// The same word twice is one cause.
void TemplateChoice::use_another(std::string change) {
  changed_by_ = pusher_;
  change_ = std::move(change);
  if (begun_) callbacks_.another();
}

void TemplateChoice::settle() {
  if (!std::exchange(begun_, true)) callbacks_.begun();
  callbacks_.changed();
}

std::size_t TemplateChoice::longest_server_name() const {
  if (!in_use_) return 0;
  return render::longest_server_name(in_use_->compiled.text(), source_.options().delimiters.left);
}

std::optional<render::ServicePortRange> TemplateChoice::service_ports() const {
  if (!in_use_) return std::nullopt;
  return render::service_port_range(in_use_->compiled.text(), source_.options().delimiters.left);
}

}  // namespace chorale::agent
