#include "comm/founding.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tutti::comm {

using Word = std::optional<std::vector<std::byte>>;

Communicator::Founding::Founding(Membership membership, Company company)
    : communicator_(new Communicator(std::move(membership))), given_(std::move(company.transports)) {
  communicator_->session_ = std::move(company.session);
}

Result<Word> Communicator::Founding::next(const bootstrap::Contributions* heard) {
  switch (stage_) {
    case Stage::silent:
      return say_facts();
    case Stage::facts:
      return hear_facts(*heard);
    case Stage::nics:
      TUTTI_TRY(hear_nics(*heard));
      if (has_choice()) TUTTI_TRY(open_paths());
      stage_ = Stage::transports;
      return Word(std::vector<std::byte>());  // whose transports do not start fails all here
    case Stage::transports:
      TUTTI_TRY(settle());
  }
  return Word();
}

Result<Word> Communicator::Founding::say_facts() {
  Communicator& self = *communicator_;
  const auto* const session = self.session_.get();
  if (session != nullptr) layout_ = session->layout();
  agreement_.machines = session != nullptr ? session->machines() : layout_;
  survey_ = given_.empty() ? self.survey_for(layout_) : NicSurvey{{}, "its transports were given"};
  if (!has_choice()) TUTTI_TRY(open_paths());  // while others still come
  auto facts = TUTTI_TRY(own_word(self.config(), survey_, agreement_));
  stage_ = Stage::facts;
  if (session == nullptr) return hear_facts(bootstrap::Contributions(std::move(facts)));
  return Word(std::move(facts));
}

Result<Word> Communicator::Founding::hear_facts(bootstrap::Contributions said) {
  Communicator& self = *communicator_;
  TUTTI_TRY(take_in(std::move(said), agreement_));
  const AllFacts& facts = agreement_.facts;
  const std::int32_t my_node = layout_.node_of(self.rank());
  self.crowded_ = layout_.ranks_on(my_node) * neighbours_of(facts, layout_, agreement_.machines, my_node) >
                  cores_of(facts, layout_, my_node);
  self.nic_ = use_without_choice(survey_, cpus_in(facts.of(self.rank()).cores));
  if (std::ranges::any_of(facts.kinds(), [](const Facts& one) { return one.nics > 1; })) {
    stage_ = Stage::nics;
    return Word(say_nics());
  }
  TUTTI_TRY(settle());
  return Word();
}

Status Communicator::Founding::open_paths() {
  auto transports = given_.empty() ? TUTTI_TRY(communicator_->make_transports(layout_)) : std::exchange(given_, {});
  communicator_->open_paths(std::move(transports));
  return {};
}

Status Communicator::Founding::settle() {
  Communicator& self = *communicator_;
  self.plans_ = std::make_unique<PlanCache>(
      TUTTI_TRY(choosing_of(agreement_, layout_, self.config(), self.rank(), self.log_)), self.rank());
  self.engine_ = std::make_unique<engine::Engine>(*self.paths_, self.config().staging, self.nic_.numa);
  self.log_.info("comm", "ranks {} nodes {} transports {} crowded {}", self.size(), layout_.nodes(),
                 fmt::join(self.transports(), ","), self.crowded_);
  self.log_.info("comm", "nic {} because {}", self.nic_.names.empty() ? "any" : self.nic_.name(), self.nic_.reason);
  if (!self.nic_.advice.empty()) self.log_.info("comm", "better {}", self.nic_.advice);
  return {};
}

}  // namespace tutti::comm
