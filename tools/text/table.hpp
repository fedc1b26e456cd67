// Columns that are as wide as what is in them.
#pragma once

#include <string>
#include <vector>

namespace tutti::text {

using Row = std::vector<std::string>;

/// Lines with two spaces in front and between columns. `alignment` has a letter a column: 'l' left, 'r' right. Spaces
/// at the end of a line are left out.
std::string table(const std::vector<Row>& rows, const std::string& alignment);

}  // namespace tutti::text
