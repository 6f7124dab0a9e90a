// expect: two parts are of one type
#include "inkling/nn/condition.hpp"

int main() { ink::Conditions told(ink::ClassLabels{}, ink::ClassLabels{}); }
