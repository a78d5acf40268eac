/*
 * The functions of Node-API that the module calls. On Windows the program that loads it may be node.exe or an editor of any name,
 * so they are looked up in the running program instead of being linked to one by name.
 */
#ifndef MASKDM_NODE_FUNCTIONS_H
#define MASKDM_NODE_FUNCTIONS_H

#define NAPI_VERSION 8
#include <node_api.h>

#if defined(_WIN32)
#include <windows.h>

#define NODE_FUNCTIONS(X)                                                                                             \
  X(napi_check_object_type_tag)                                                                                       \
  X(napi_create_double)                                                                                               \
  X(napi_create_external)                                                                                             \
  X(napi_create_function)                                                                                             \
  X(napi_create_reference)                                                                                            \
  X(napi_create_string_utf8)                                                                                          \
  X(napi_delete_reference)                                                                                            \
  X(napi_get_cb_info)                                                                                                 \
  X(napi_get_element)                                                                                                 \
  X(napi_get_typedarray_info)                                                                                         \
  X(napi_get_value_bool)                                                                                              \
  X(napi_get_value_double)                                                                                            \
  X(napi_get_value_external)                                                                                          \
  X(napi_get_value_string_utf8)                                                                                       \
  X(napi_is_typedarray)                                                                                               \
  X(napi_set_named_property)                                                                                          \
  X(napi_throw_error)                                                                                                 \
  X(napi_type_tag_object)                                                                                             \
  X(napi_typeof)

#define DECLARE(name) static __typeof__(&name) own_##name;
NODE_FUNCTIONS(DECLARE)
#undef DECLARE

static int find_node_functions(void) {
  const HMODULE program = GetModuleHandleW(NULL);
#define FIND(name) own_##name = (__typeof__(&name))(void *)GetProcAddress(program, #name);
  NODE_FUNCTIONS(FIND)
#undef FIND
#define IS_THERE(name) &&own_##name
  return 1 NODE_FUNCTIONS(IS_THERE);
#undef IS_THERE
}

#define napi_check_object_type_tag own_napi_check_object_type_tag
#define napi_create_double own_napi_create_double
#define napi_create_external own_napi_create_external
#define napi_create_function own_napi_create_function
#define napi_create_reference own_napi_create_reference
#define napi_create_string_utf8 own_napi_create_string_utf8
#define napi_delete_reference own_napi_delete_reference
#define napi_get_cb_info own_napi_get_cb_info
#define napi_get_element own_napi_get_element
#define napi_get_typedarray_info own_napi_get_typedarray_info
#define napi_get_value_bool own_napi_get_value_bool
#define napi_get_value_double own_napi_get_value_double
#define napi_get_value_external own_napi_get_value_external
#define napi_get_value_string_utf8 own_napi_get_value_string_utf8
#define napi_is_typedarray own_napi_is_typedarray
#define napi_set_named_property own_napi_set_named_property
#define napi_throw_error own_napi_throw_error
#define napi_type_tag_object own_napi_type_tag_object
#define napi_typeof own_napi_typeof
#else
static int find_node_functions(void) { return 1; }
#endif

#endif
