// Numbers for people: three or four digits and the unit that suits them.
#pragma once

#include <string>

namespace tutti::text {

/// "0.25 us", "12.3 us", "4.56 ms", "1.20 s".
std::string time(double microseconds);
/// "12 B", "5.33 MiB", "1.00 GiB".
std::string bytes(double value);
/// "97.3 %".
std::string per_cent(double fraction);

}  // namespace tutti::text
