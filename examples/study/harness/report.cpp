#include "study/harness/report.hpp"

#include <algorithm>
#include <exception>
#include <map>

namespace study {
namespace {

/// Headings before the claims that they begin with.
const std::map<int, std::string>& parts() {
  static const std::map<int, std::string> all{{1, "Taking pixels away"},
                                              {4, "One network for all steps"},
                                              {8, "Several pixels at once, and noise"},
                                              {12, "What the network is asked for"},
                                              {17, "Told what to draw"},
                                              {20, "The answer"},
                                              {21, "Found since"}};
  return all;
}

Section not_measured(const std::string& why) {
  Section section;
  section.verdict.rule = "No rule can be applied without the numbers.";
  section.verdict.because = why;
  return section;
}

Section section_of(const Claim& claim, const Run& run, const Settings& settings) {
  if (!claim.report) return not_measured("The library does not have the parts for it yet.");
  std::string missing;
  for (const Task& task : claim.tasks ? claim.tasks(settings) : std::vector<Task>{}) {
    if (run.results.has(task.name)) continue;
    const auto error = run.errors.find(task.name);
    missing += (missing.empty() ? "" : "; ") + task.name + (error == run.errors.end() ? "" : ": " + error->second);
  }
  if (!missing.empty()) return not_measured("These tasks have no result: " + missing + ".");
  try {
    return claim.report(run.results);
  } catch (const std::exception& error) {
    return not_measured(std::string("Its report failed: ") + error.what() + ".");
  }
}

std::string numbers(const Page& page, Outcome outcome) {
  std::string all;
  for (const Entry& entry : page.entries) {
    if (entry.section.verdict.outcome == outcome) all += (all.empty() ? "" : ", ") + std::to_string(entry.number);
  }
  return all.empty() ? "none" : all;
}

std::string because(const Page& page, int claim) {
  for (const Entry& entry : page.entries) {
    if (entry.number != claim) continue;
    const Verdict& v = entry.section.verdict;
    if (v.outcome == Outcome::not_measured) return {};
    return v.outcome == Outcome::conditional ? "Supported only when " + v.because : v.because;
  }
  return {};
}

/// What decides the question comes first: the headline, what to predict, and equal terms; then the count of verdicts.
std::string answer(const Page& page) {
  std::string text;
  const std::pair<int, const char*> deciding[] = {{20, "Fewer evaluations for the same quality?"},
                                                  {21, "Is the noise the better thing to predict?"},
                                                  {25, "Better on equal terms?"}};
  for (const auto& [claim, question] : deciding) {
    if (const std::string why = because(page, claim); !why.empty()) text += std::string(question) + " " + why + "\n\n";
  }
  return text + "Supported: claims " + numbers(page, Outcome::supported) +
         ". Supported under a condition: " + numbers(page, Outcome::conditional) +
         ". Not supported: " + numbers(page, Outcome::not_supported) +
         ". Not measured: " + numbers(page, Outcome::not_measured) + ".";
}

}  // namespace

Page make_page(const std::vector<Claim>& claims, const Run& run, const Settings& settings) {
  Page page;
  page.title = "Why does diffusion generate images better than autoregression?";
  for (const Claim& claim : claims) {
    if (claim.number == 0) continue;
    const auto part = parts().find(claim.number);
    page.entries.push_back({claim.number, claim.says, section_of(claim, run, settings),
                            part == parts().end() ? std::string() : part->second});
    if (claim.number == 20) {
      for (const Block& block : page.entries.back().section.blocks) {
        if (!std::holds_alternative<Chart>(block)) continue;
        page.headline = {block};
        break;
      }
    }
  }
  page.answer = answer(page);
  page.command = "./dev study --budget " + ink::text(settings.minutes) + (settings.full ? " --full" : "");
  page.run = {
      {"Data", settings.full ? "all of MNIST: 60,000 training and 10,000 test digits"
                             : "6,000 training and 1,000 test digits of MNIST"},
      {"Budget", settings.steps > 0
                     ? ink::text(settings.steps, " steps a training: a test of the study, not a measurement")
                     : ink::text(settings.minutes, " minutes on ", settings.workers, " processes of one thread")},
      {"Seed", std::to_string(settings.seed)},
      {"Processor time", time_spent(run.results)}};
  return page;
}

std::string verdicts(const Page& page) {
  std::string all;
  for (const Entry& entry : page.entries) {
    all += ink::text(entry.number, entry.number < 10 ? "   " : "  ", name(entry.section.verdict.outcome), ": ",
                     entry.says, "\n");
  }
  return all;
}

}  // namespace study
