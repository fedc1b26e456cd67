// The library's description of itself, for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace tutti::info {

/// A tutti.info/1 document as text. Sections that the document does not have are left out.
std::string format_info(const nlohmann::ordered_json& info);

}  // namespace tutti::info
