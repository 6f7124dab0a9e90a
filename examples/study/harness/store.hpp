// Store: the folder of a run: records, errors, and who is at which task.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/data.hpp"
#include "inkling/io/file.hpp"
#include "inkling/io/file_lock.hpp"
#include "study/harness/task.hpp"

namespace study {

class Store {
 public:
  explicit Store(const Settings& settings) : out_(settings.out) {
    for (const char* folder : {"results", "checkpoints", "weights", "pictures"}) make_folder(out_ + "/" + folder);
  }

  std::string record_path(const std::string& task) const { return out_ + "/results/" + task + ".txt"; }
  std::string error_path(const std::string& task) const { return out_ + "/results/" + task + ".error"; }

  std::optional<Record> record(const std::string& task) const {
    const auto text = read(record_path(task));
    if (!text) return {};
    return Record::parse(*text);
  }
  std::optional<std::string> error(const std::string& task) const { return read(error_path(task)); }
  bool done(const std::string& task) const { return std::filesystem::exists(record_path(task)); }
  bool failed(const std::string& task) const { return std::filesystem::exists(error_path(task)); }

  void save(const std::string& task, const Record& record) const { write(record_path(task), record.text()); }
  void save_error(const std::string& task, const std::string& what) const { write(error_path(task), what); }
  void forget_error(const std::string& task) const { std::filesystem::remove(error_path(task)); }

  /// The task's lock, or nothing if another worker has it.
  std::unique_ptr<ink::io::FileLock> lock(const std::string& task) const {
    try {
      return std::make_unique<ink::io::FileLock>(record_path(task));
    } catch (const ink::IoError&) {
    }
    return nullptr;
  }

  /// Refuses a folder that was begun with other settings.
  void check_settings(const Record& settings) const {
    const std::string path = out_ + "/settings.txt";
    if (const auto before = read(path); before && *before != settings.text()) {
      throw ink::IoError(path, "was begun with other settings:\n" + *before + "now they are:\n" + settings.text() +
                                   "choose another folder with --out, or remove it");
    }
    write(path, settings.text());
  }

 private:
  static std::optional<std::string> read(const std::string& path) {
    if (!std::filesystem::exists(path)) return {};
    const auto bytes = ink::io::read_file(path);
    return std::string(bytes.begin(), bytes.end());
  }
  static void write(const std::string& path, const std::string& text) {
    ink::io::write_file_atomic(path, ink::io::Bytes(text.begin(), text.end()));
  }

  std::string out_;
};

}  // namespace study
