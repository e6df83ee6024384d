/// summary() beside R 4.2.2's print(summary(read.csv(file, stringsAsFactors = TRUE))), blanks included.
#include "tests/host/data/support.hpp"

namespace cuglmm {
namespace {

using test::na;

std::string summary_of(const char* name) {
  return summary(read_table(std::string(CUGLMM_TEST_DATA) + "/" + name + ".csv"));
}

TEST(DataSummary, OfExamIsRs) {
  EXPECT_EQ(summary_of("Exam"), R"(     school         normexam          schgend         schavg        
 Min.   : 1.00   Min.   :-3.666072   boys : 513   Min.   :-0.75596  
 1st Qu.:14.00   1st Qu.:-0.699505   girls:1377   1st Qu.:-0.14934  
 Median :29.00   Median : 0.004322   mixed:2169   Median :-0.02020  
 Mean   :31.01   Mean   :-0.000114                Mean   : 0.00181  
 3rd Qu.:47.00   3rd Qu.: 0.678759                3rd Qu.: 0.21053  
 Max.   :65.00   Max.   : 3.666091                Max.   : 0.63766  
          vr              intake        standLRT        sex        type     
 bottom 25%: 640   bottom 25%:1176   Min.   :-2.93495   F:2436   Mxd :2169  
 mid 50%   :2263   mid 50%   :2344   1st Qu.:-0.62071   M:1623   Sngl:1890  
 top 25%   :1156   top 25%   : 539   Median : 0.04050                       
                                     Mean   : 0.00181                       
                                     3rd Qu.: 0.61906                       
                                     Max.   : 3.01595                       
    student     
 Min.   :  1.0  
 1st Qu.: 38.0  
 Median : 78.0  
 Mean   :134.5  
 3rd Qu.:138.0  
 Max.   :913.0  
)");
}

TEST(DataSummary, OfCbppIsRs) {
  EXPECT_EQ(summary_of("cbpp"), R"(      herd          incidence           size           period     
 Min.   : 1.000   Min.   : 0.000   Min.   : 2.00   Min.   :1.000  
 1st Qu.: 4.000   1st Qu.: 0.000   1st Qu.: 9.00   1st Qu.:1.000  
 Median : 8.500   Median : 1.000   Median :16.00   Median :2.000  
 Mean   : 8.107   Mean   : 1.768   Mean   :15.04   Mean   :2.446  
 3rd Qu.:12.000   3rd Qu.: 2.000   3rd Qu.:21.25   3rd Qu.:3.000  
 Max.   :15.000   Max.   :12.000   Max.   :34.00   Max.   :4.000  
      obs       
 Min.   : 1.00  
 1st Qu.:14.75  
 Median :28.50  
 Mean   :28.50  
 3rd Qu.:42.25  
 Max.   :56.00  
)");
}

TEST(DataSummary, OfAirqualityIsRs) {
  EXPECT_EQ(summary_of("airquality"), R"(     Ozone           Solar.R           Wind             Temp      
 Min.   :  1.00   Min.   :  7.0   Min.   : 1.700   Min.   :56.00  
 1st Qu.: 18.00   1st Qu.:115.8   1st Qu.: 7.400   1st Qu.:72.00  
 Median : 31.50   Median :205.0   Median : 9.700   Median :79.00  
 Mean   : 42.13   Mean   :185.9   Mean   : 9.958   Mean   :77.88  
 3rd Qu.: 63.25   3rd Qu.:258.8   3rd Qu.:11.500   3rd Qu.:85.00  
 Max.   :168.00   Max.   :334.0   Max.   :20.700   Max.   :97.00  
 NA's   :37       NA's   :7                                       
     Month            Day      
 Min.   :5.000   Min.   : 1.0  
 1st Qu.:6.000   1st Qu.: 8.0  
 Median :7.000   Median :16.0  
 Mean   :6.993   Mean   :15.8  
 3rd Qu.:8.000   3rd Qu.:23.0  
 Max.   :9.000   Max.   :31.0  
                               
)");
}

// R prints the counts only. Min. to Max. of the column as 0 and 1 are what R prints for as.numeric(success).
TEST(DataSummary, ShowsTheRecodedResponse) {
  Data data = read_table(CUGLMM_TEST_DATA "/Exam.csv");
  mutate(data, "success = normexam >= 0");
  EXPECT_EQ(summary(Data({data.column("success")})), R"(    success       
 Mode   :logical  
 FALSE  :1980     
 TRUE   :2079     
 Min.   :0.0000   
 1st Qu.:0.0000   
 Median :1.0000   
 Mean   :0.5122   
 3rd Qu.:1.0000   
 Max.   :1.0000   
)");
}

TEST(DataSummary, CountsTheMostFrequentLevelsAndTheMissing) {
  const Column k =
      test::factor("k", {"1", "2", "3", "4", "5", "6", "7", "8", "9"}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 7, -1});
  EXPECT_EQ(summary(Data({k})), R"(       k    
 8      :2  
 9      :2  
 1      :1  
 2      :1  
 3      :1  
 (Other):4  
 NA's   :1  
)");
}

TEST(DataSummary, FormatsAsR) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Data data({test::numeric("a long column name", {1e-9, 2, 3e6, na}),
                   test::factor("f", {"x", "y", "\xC3\xA9"}, {0, -1, 1, 2}),
                   test::numeric("g", {1e10, 2e10, 3e10, 4e10})});
  EXPECT_EQ(summary(data), R"( a long column name    f           g           
 Min.   :      0    x   :1   Min.   :1.00e+10  
 1st Qu.:      1    y   :1   1st Qu.:1.75e+10  
 Median :      2    é   :1   Median :2.50e+10  
 Mean   :1000001    NA's:1   Mean   :2.50e+10  
 3rd Qu.:1500001             3rd Qu.:3.25e+10  
 Max.   :3000000             Max.   :4.00e+10  
 NA's   :1                                     
)");
  EXPECT_EQ(summary(Data({test::numeric("x", {infinity, 2, 1})})), R"(       x      
 Min.   :1.0  
 1st Qu.:1.5  
 Median :2.0  
 Mean   :Inf  
 3rd Qu.:Inf  
 Max.   :Inf  
)");
  EXPECT_EQ(summary(Data({test::numeric("x", {1.0 / 3, 2.0 / 3, 1e5})})), R"(       x            
 Min.   :     0.33  
 1st Qu.:     0.50  
 Median :     0.67  
 Mean   : 33333.67  
 3rd Qu.: 50000.33  
 Max.   :100000.00  
)");
  EXPECT_EQ(summary(Data({test::logical("x", {na, na})})), R"(    x          
 Mode:logical  
 NA's:2        
)");
}

}  // namespace
}  // namespace cuglmm
