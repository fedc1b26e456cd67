// What a job leaves behind when its ranks have ended: children of theirs that went their own way.
#pragma once

namespace tutti::run {

/// Makes this process inherit the descendants whose parents end before them.
void adopt_orphans();

/// Kills and reaps every child and inherited descendant of this process. Waits at most two seconds for them to go.
/// Returns their number.
int end_leftovers();

}  // namespace tutti::run
