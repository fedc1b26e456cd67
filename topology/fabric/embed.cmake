# Writes presets() with every file of PRESETS as a string, named as the file without .json.
set(text "#include \"topology/fabric/presets.hpp\"\n\nnamespace tutti::topology {\nnamespace {\n\nconstexpr Preset kPresets[] = {\n")
foreach(file IN LISTS PRESETS)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} json)
  string(APPEND text "    {\"${name}\", R\"preset(${json})preset\"},\n")
endforeach()
string(APPEND text "};\n\n}  // namespace\n\nstd::span<const Preset> presets() {\n  return kPresets;\n}\n\n}  // namespace tutti::topology\n")
file(WRITE ${OUTPUT} "${text}")
