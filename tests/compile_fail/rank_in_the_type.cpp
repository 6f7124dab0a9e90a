// expect: conversion from .*Tensor<float, ?3>.* to .*Tensor<float, ?2>
#include "inkling/core/tensor.hpp"

int main() { ink::Tensor<float, 2> matrix = ink::Tensor<float, 3>(ink::Shape{1, 2, 3}); }
