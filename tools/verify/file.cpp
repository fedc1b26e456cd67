#include "tools/verify/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plan/exchange/brought.hpp"
#include "tools/text/table.hpp"
#include "tools/verify/cluster.hpp"
#include "tools/verify/proof.hpp"

namespace tutti::prove {
namespace {

constexpr std::int32_t kMostRoots = 16;  // of a larger world: the first, the middle, the last and the file's own

FormProof proof_of(const char* name, const plan::Brought::Form& form, Outcome& outcome) {
  FormProof proof{.form = name, .plans = form.programs.empty() ? 0U : 1U, .error = form.why_not};
  for (const plan::Program& program : form.programs) proof.steps += program.size();
  outcome.count(proof.plans);
  return proof;
}

std::set<std::int32_t> roots_of(const plan::Plan& plan) {
  if (!has_root(plan.collective)) return {0};
  std::set<std::int32_t> roots{0, plan.ranks() / 2, plan.ranks() - 1, index(plan.root)};
  for (std::int32_t root = 0; root < plan.ranks() && plan.ranks() <= kMostRoots; ++root) roots.insert(root);
  return roots;
}

// A template serves every root, and converts where a type or an operator asks for it.
FormProof proof_of(const plan::Plan& given, const Variant& variant, const std::string& command, Outcome& outcome) {
  FormProof proof;
  proof.form = fmt::format("{}{}{}", variant.in_place ? "in place" : "apart", variant.widened ? ", widened" : "",
                           variant.divides ? ", divided" : "");
  for (const std::int32_t root : roots_of(given)) {
    plan::Plan plan = given;
    plan.root = Rank{root};
    plan.widened = variant.widened;
    plan.divides = variant.divides;
    if (proof.error = refusal(plan); !proof.error.empty()) return proof;
    const Status proven = prove_at_scale(plan, variant, proof.steps);
    ++proof.plans;
    outcome.count(1);
    if (proven) continue;
    proof.error = proven.error().text;
    outcome.fail({describe(plan) + ", " + proof.form, proof.error, command});
    return proof;
  }
  return proof;
}

}  // namespace

FileProof prove_file(const std::string& path, std::string_view text, Outcome& outcome) {
  const std::string command = fmt::format("tutti verify --plan {}", path);
  FileProof proof;
  const auto brought = plan::read_brought(text);
  if (!brought) {
    outcome.count(1);
    outcome.fail({path, brought.error().text, command});
    return proof;
  }
  proof.name = brought->name;
  proof.collective = to_string(brought->collective);
  proof.ranks = brought->ranks;
  if (brought->plan) {
    for (int number = 0; number < variants_of(brought->collective); ++number)
      proof.forms.push_back(proof_of(*brought->plan, variant(number), command, outcome));
    return proof;
  }
  proof.forms.push_back(proof_of("apart", brought->separate, outcome));
  proof.forms.push_back(proof_of("in place", brought->in_place, outcome));
  if (is_reduction(brought->collective)) proof.forms.push_back(proof_of("converted", brought->staged, outcome));
  return proof;
}

std::string report(const FileProof& proof) {
  if (proof.name.empty()) return {};
  std::vector<text::Row> rows;
  for (const FormProof& form : proof.forms)
    rows.push_back({"", form.form, fmt::format("{} steps", form.steps),
                    form.error.empty() ? "holds" : "not for such calls: " + form.error});
  return fmt::format("{}: {} on {} ranks\n{}", proof.name, proof.collective, proof.ranks, text::table(rows, "llrl"));
}

nlohmann::ordered_json document_of(const FileProof& proof) {
  auto forms = nlohmann::ordered_json::array();
  for (const FormProof& form : proof.forms) {
    nlohmann::ordered_json one = {
        {"form", form.form}, {"plans", form.plans}, {"steps", form.steps}, {"holds", form.error.empty()}};
    if (!form.error.empty()) one["why_not"] = form.error;
    forms.push_back(std::move(one));
  }
  return {{"name", proof.name}, {"collective", proof.collective}, {"ranks", proof.ranks}, {"forms", std::move(forms)}};
}

}  // namespace tutti::prove
